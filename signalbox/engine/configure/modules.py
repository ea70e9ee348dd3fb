"""Which of Asterisk's modules run, each with its reason. What is not here is not loaded.

Fewer modules mean fewer subscribers on Asterisk's message bus and a smaller surface: a quarter of the security
advisories since 2023 are in modules that this product never needs.
"""

ESSENTIAL: dict[str, str] = {
    "res_timing_timerfd": "the clock of bridges, tones and music",
    "res_sorcery_config": "transports and global SIP settings come from pjsip.conf",
    "res_sorcery_memory": "contacts' status lives here",
    "res_sorcery_memory_cache": "endpoints, auths and AORs are read from SQLite once, then from memory",
    "res_sorcery_realtime": "endpoints, auths and AORs live in engine.db",
    "res_sorcery_astdb": "contacts and subscriptions survive a restart in Asterisk's own database",
    "res_config_sqlite3": "reads engine.db",
    "res_pjproject": "the SIP stack",
    "res_pjsip": "the SIP stack",
    "res_pjsip_session": "SIP calls",
    "res_pjsip_sdp_rtp": "audio in SIP calls",
    "res_pjsip_authenticator_digest": "who registers or calls must prove who it is",
    "res_pjsip_registrar": "phones register",
    "res_pjsip_endpoint_identifier_user": "a phone is recognised by its user name",
    "res_rtp_asterisk": "RTP, ICE and DTLS",
    "bridge_simple": "two parties talk",
    "chan_pjsip": "SIP channels",
    "codec_ulaw": "G.711 is what every phone speaks",
    "codec_alaw": "G.711 is what every phone speaks",
    "codec_resample": "between narrowband, wideband and opus",
    "pbx_config": "extensions.conf",
    "res_speech": "res_agi does not load without it",
    "res_agi": "call scripts decide over FastAGI",
    "app_dial": "rings phones",
    "app_stack": "Gosub: blocking verbs are dialplan subroutines",
    "app_playback": "announcements",
    "func_timeout": "TIMEOUT(absolute) bounds a script's thinking",
    "func_channel": "scripts read and set the channel's properties",
    "func_callerid": "scripts read and set names and numbers",
    "func_logic": "IF and friends in the fallback dialplan",
    "func_strings": "filtering what came from SIP",
    "res_cdrel_custom": "formats event lines without dialplan functions (a third of a call's instructions otherwise)",
    "cel_custom": "the event log, from which every call record is made",
    "res_musiconhold": "who waits hears music",
}
"""Without one of these no call works or none is recorded: Asterisk refuses to start, and says which is missing."""

WANTED: dict[str, str] = {
    "res_crypto": "keys for TLS and identity headers",
    "res_srtp": "encrypted audio: phones with SRTP and every browser",
    "res_http_websocket": "browsers' signalling",
    "res_pjsip_transport_websocket": "browsers' signalling",
    "res_pjsip_nat": "phones behind a router are answered where they really are",
    "res_pjsip_acl": "addresses an extension may come from",
    "res_pjsip_caller_id": "names and numbers shown to the called and the calling party",
    "res_pjsip_rfc3326": "the reason a call ended, as the other side gave it",
    "res_pjsip_diversion": "who diverted a call",
    "res_pjsip_refer": "a phone's transfer key",
    "res_pjsip_dtmf_info": "digits of phones that send them as INFO",
    "res_pjsip_empty_info": "some phones probe a call with an empty INFO, and end it when refused",
    "res_pjsip_dlg_options": "some phones probe a call with OPTIONS, and end it when refused",
    "res_pjsip_sips_contact": "phones that register a sips: contact",
    "res_pjsip_header_funcs": "scripts read and add SIP headers",
    "res_pjsip_outbound_authenticator_digest": "a far end that challenges our requests gets its answer",
    "res_pjsip_pubsub": "lamps and message counts are subscriptions",
    "res_pjsip_outbound_publish": "res_pjsip_exten_state does not load without it",
    "res_pjsip_exten_state": "busy lamps",
    "res_pjsip_dialog_info_body_generator": "busy lamps of most phones",
    "res_pjsip_pidf_body_generator": "presence of softphones",
    "res_pjsip_mwi": "message lamps",
    "res_pjsip_mwi_body_generator": "message lamps",
    "res_hep": "carries SIP messages to the trace collector",
    "res_hep_pjsip": "the ladder shows every SIP message of a call",
    "res_security_log": "refused registrations reach the security log",
    "res_manager_devicestate": "the board asks for all device states when it connects",
    "res_format_attr_opus": "opus parameters in SDP",
    "bridge_native_rtp": "audio of equal codecs is forwarded without decoding",
    "bridge_builtin_features": "in-call keys",
    "bridge_holding": "parked and waiting channels",
    "bridge_softmix": "three and more parties talk",
    "codec_a_mu": "the cheap way between the two G.711 laws",
    "codec_g722": "wideband on desk phones",
    "codec_gsm": "Debian ships the prompts as GSM",
    "codec_opus_open_source": "browsers and desk phones in one call; recording a browser",
    "format_gsm": "Debian ships the prompts as GSM",
    "format_pcm": "prompts and recordings in G.711",
    "format_sln": "prompts and recordings, linear",
    "format_wav": "music on hold, uploaded prompts, recordings",
    "app_echo": "the echo test",
    "app_read": "menus read digits while they play",
    "app_sayunixtime": "the speaking clock",
    "app_userevent": "the dialplan tells the exchange what only it knows",
    "app_verbose": "the dialplan writes to Asterisk's log",
    "func_cut": "the dialplan takes lists apart",
    "func_devstate": "scripts ask and set device states",
    "func_dialplan": "the fallback asks whether an extension exists",
    "func_extstate": "scripts ask what a hint says",
    "func_global": "variables that channels share",
    "func_groupcount": "call limits that hold when no script runs",
    "func_hangupcause": "why a leg failed, in SIP's words",
    "func_pjsip_aor": "scripts ask for an extension's contacts",
    "func_pjsip_contact": "scripts ask how a phone registered",
    "func_pjsip_endpoint": "scripts ask for an endpoint's settings",
}
"""Useful, and their absence harms one feature: a build without one still runs, and the log says so."""


def conf() -> str:
    """Render ``modules.conf``."""
    lines = ["[modules]", "autoload = no"]
    for keyword, table in (("require", ESSENTIAL), ("load", WANTED)):
        for module, reason in table.items():
            lines.append(f"{keyword} = {module}.so ; {reason}")
    return "\n".join(lines) + "\n"
