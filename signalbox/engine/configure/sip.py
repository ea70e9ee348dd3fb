"""SIP and media: transports, PJSIP's global settings, where its objects are stored, RTP, the WebSocket server."""

from signalbox.settings import Settings

CACHED = ("endpoint", "auth", "aor")


def pjsip(settings: Settings) -> str:
    """Render the part of PJSIP that is not published: globals and transports."""
    sip = settings.sip
    algorithms = ",".join(sip.digest_algorithms)
    return f"""[global]
type = global
user_agent = Signalbox
; Phones are found by user name; asking by address first would be wasted work on every request.
endpoint_identifier_order = username,ip,anonymous
; Ids name no domain (tenants differ by a prefix); with domains each request asks the database for user@domain, in vain.
disable_multi_domain = yes
default_realm = {sip.realm}
default_auth_algorithms_uas = {algorithms}
default_auth_algorithms_uac = MD5,SHA-256
; The burst of message lamps after a start counts in a queue of its own; at the default of 500 it would stop all SIP.
mwi_tps_queue_high = 5000
; Lamps do light after a restart (the default; switching it off would save the burst and leave them dark).
mwi_disable_initial_unsolicited = no
; After a start a lamp is dark until its phone has answered the first OPTIONS: all are asked within 3 s. That is 700
; a second at 2,000 phones; a burst without any spread drowned registrations at 25,000.
max_initial_qualify_time = 3
; Keeps a TCP or WebSocket connection through home routers, which forget idle ones after 60 to 120 s.
keep_alive_interval = 45
; Any queue above its limit makes PJSIP refuse new calls: the default trigger, kept until an own admission control.
taskprocessor_overload_trigger = global
; The board must learn when a phone's registration moves.
send_contact_status_on_update_registration = yes

[system]
type = system
; 500 ms is RFC 3261's; a shorter one resends into slow outside networks before they had time to answer.
timer_t1 = 500
; A dead far end is given up after 64 * T1 by the RFC.
timer_b = 32000
; Four threads are enough for 160 calls/s on two cores; the pool grows when calls wait on DNS or a slow disk.
taskpool_minimum_size = 4
taskpool_initial_size = 4
taskpool_max_size = 50

{_transports(settings)}"""


def _transports(settings: Settings) -> str:
    sip = settings.sip
    nat = _nat(settings)
    tls = f"""cert_file = {settings.paths.asterisk_etc}/tls/server.pem
priv_key_file = {settings.paths.asterisk_etc}/tls/server.key
; TLS 1.0 and 1.1 are broken; PJSIP's name for 'this or better'.
method = tlsv1_2
"""
    parts = [
        _transport("udp", "udp", f"{sip.bind}:{sip.udp_port}", nat),
        _transport("tcp", "tcp", f"{sip.bind}:{sip.tcp_port}", nat),
        _transport("tls", "tls", f"{sip.bind}:{sip.tls_port}", tls + nat),
        # The HTTP server owns the port. A slow page is given two seconds instead of 0.1 before it is cut off.
        _transport("ws", "ws", sip.bind, "websocket_write_timeout = 2000\n" + nat),
        _transport("wss", "wss", sip.bind, "websocket_write_timeout = 2000\n" + nat),
    ]
    return "\n".join(parts)


def _transport(name: str, protocol: str, bind: str, more: str) -> str:
    return f"[{name}]\ntype = transport\nprotocol = {protocol}\nbind = {bind}\n{more}"


def _nat(settings: Settings) -> str:
    if not settings.sip.external_address:
        return ""
    lines = [
        f"external_media_address = {settings.sip.external_address}",
        f"external_signaling_address = {settings.sip.external_address}",
        *(f"local_net = {network}" for network in settings.sip.local_networks),
    ]
    return "\n".join(lines) + "\n"


def pjproject() -> str:
    """Send the stack's own errors and warnings, and nothing below them, to Asterisk's log."""
    return """[startup]
type = startup
log_level = 2

[log_mappings]
type = log_mappings
asterisk_error = 0,1
asterisk_warning = 2
"""


def sorcery() -> str:
    """Keep published objects in memory until the publisher says that one changed.

    The hour is a safety net: an expiry that was never sent is in force after it at the latest.
    """
    lines = ["[res_pjsip]"]
    for kind in CACHED:
        lines += [
            f"{kind}/cache = memory_cache,object_lifetime_maximum=3600,expire_on_reload=yes",
            f"{kind} = config,pjsip.conf,criteria=type={kind}",
            f"{kind} = realtime,ps_{kind}s",
        ]
    return "\n".join(lines) + "\n"


def extconfig() -> str:
    """Map PJSIP's families to the published database."""
    return "[settings]\n" + "".join(f"ps_{kind}s = sqlite3,engine,ps_{kind}s\n" for kind in CACHED)


def res_config_sqlite3(settings: Settings) -> str:
    """Name the published database."""
    return f"""[engine]
dbfile = {settings.paths.engine_db}
requirements = warn
; The default of 100 ms keeps one transaction open, whose snapshot never moves: nothing published would be seen.
batch = 0
busy_timeout = 1000
"""


def rtp(settings: Settings) -> str:
    """Bound the ports of audio and keep strangers out of a stream."""
    return f"""[general]
rtpstart = {settings.sip.rtp_start}
rtpend = {settings.sip.rtp_end}
; Packets of an address that did not take part are dropped (RTP bleed).
strictrtp = yes
probation = 4
; Off for plain phones, whose INVITE would grow by candidates; webrtc=yes switches it on for browsers.
icesupport = yes
"""


def http(settings: Settings) -> str:
    """Render Asterisk's web server, which carries browsers' SIP and nothing else."""
    sip = settings.sip
    tls = settings.paths.asterisk_etc / "tls"
    return f"""[general]
servername =
enabled = yes
bindaddr = 127.0.0.1
bindport = {sip.ws_port}
tlsenable = yes
tlsbindaddr = {sip.bind}:{sip.wss_port}
tlscertfile = {tls}/server.pem
tlsprivatekey = {tls}/server.key
tlsdisablev1 = yes
tlsdisablev11 = yes
enable_static = no
enable_status = no
; Counts each browser phone for as long as it is connected; the default of 100 is a limit of 100 phones.
sessionlimit = 5000
session_inactivity = 10000
"""
