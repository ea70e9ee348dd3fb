"""Asterisk's own frame: directories, limits, logs, the event log, what is switched off."""

import resource

from signalbox.engine import cel as event_log
from signalbox.engine.configure.installed import Installed
from signalbox.settings import Settings

EVENTS = (
    "CHAN_START,CHAN_END,ANSWER,HANGUP,BRIDGE_ENTER,BRIDGE_EXIT,BLINDTRANSFER,ATTENDEDTRANSFER,"
    "PICKUP,FORWARD,PARK_START,PARK_END,LINKEDID_END"
)
"""What call records are made from. Applications and streams would triple the log and are not needed."""

WANTED_FILES = 65536


def asterisk(settings: Settings, installed: Installed) -> str:
    """Name every directory, so that instances live side by side and nothing of the system is touched."""
    home = settings.paths.asterisk
    return f"""[directories]
astcachedir = {home}/cache
astetcdir = {settings.paths.asterisk_etc}
astmoddir = {installed.modules}
astvarlibdir = {home}/lib
astdbdir = {home}/lib
astkeydir = {home}/lib
astdatadir = {installed.data}
astagidir = {home}/agi-bin
astspooldir = {home}/spool
astrundir = {home}/run
astlogdir = {home}/log
astsbindir = {home}/sbin

[options]
; Prefixes every unique id: the call id is the unique id of its first channel, and must be unique among nodes.
systemname = {settings.engine.systemname}
; A call takes 2 to 4 descriptors, a browser one more. The soft limit is often 1024; beyond the hard one nothing is set.
maxfiles = {_most_files()}
; Second lines of defence: refuse new calls rather than collapse. The exchange refuses earlier.
maxcalls = 2000
minmemfree = 100
; Prompts are found under this name; without it Playback returns at once, silently.
defaultlanguage = en
; SHELL, FILE and their like stay closed to AMI and AGI.
live_dangerously = no
; Silence while a channel waits keeps routers' NAT bindings and phones' RTP timers alive.
transmit_silence = yes
hideconnect = yes
nocolor = yes
"""


def _most_files() -> int:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)


def logger() -> str:
    """Warnings and errors only: a verbose line per dialplan step costs more than the step."""
    return """[general]
dateformat = %F %T.%3q
; The files are bounded by engine/logs.py, which cuts them in place.
rotatestrategy = rotate
queue_log = no
; The default of 1000 loses lines in a flood of refused registrations, just when they matter.
logger_queue_limit = 5000

[logfiles]
; No notices: there is one for every caller who hangs up inside a verb ("Abnormal AGI Gosub exit"). Those about refused
; phones are in the security log, in a form that can be read by machines.
console = warning,error
messages.log = warning,error
; Refused sign-ins and registrations by address, for blocking and for the security page.
security.log = security
"""


def cel() -> str:
    """Switch the event log on."""
    return f"""[general]
enable = yes
events = {EVENTS}
"""


def cel_custom(settings: Settings) -> str:
    """Write each event as one record of quoted fields.

    Not ``format = json``: Asterisk 22.10 escapes quotes there but neither backslashes nor line feeds, so that a
    caller's name can break a line or forge fields. Doubled quotes are unambiguous whatever a caller sends.
    """
    return f"""[{settings.paths.event_log}]
format = dsv
separator_character = ,
quote_character = "
quote_escape_character = "
quoting_method = all
fields = {",".join(event_log.FIELDS.values())}
"""


def cdr() -> str:
    """Call records are folds of the event log; the CDR engine loses calls in progress and is quadratic in rooms."""
    return """[general]
enable = no
"""


def hep(settings: Settings) -> str:
    """Send every SIP message to the trace collector, marked with its channel."""
    return f"""[general]
enabled = yes
capture_address = 127.0.0.1:{settings.engine.hep_port}
capture_id = 1
capture_name = {settings.engine.systemname}
; A transferred leg keeps its channel while Call-IDs come and go: the ladder is made per channel.
uuid_type = channel
"""


def stasis() -> str:
    """Messages nobody here reads are never built: each ``Set`` of a variable and each AGI command publishes some.

    AMI refuses to start when a type that it routes by name is declined, even where no client reads it (dialling, music
    on hold): those must stay.
    """
    declined = (
        "ast_channel_varset_type",
        "agi_exec_start_type",
        "agi_exec_end_type",
        "ast_rtp_rtcp_sent_type",
        "ast_rtp_rtcp_received_type",
        "stasis_test_message_type",
        "ast_test_suite_message_type",
    )
    return "\n".join(["[declined_message_types]", *(f"decline = {name}" for name in declined)]) + "\n"


def musiconhold(installed: Installed) -> str:
    """Music from the installation's files, read as they are: no player process."""
    return f"""[default]
mode = files
directory = {installed.data}/moh
sort = random
"""


def features() -> str:
    """In-call keys are switched on per call by the options of Dial; parking and recording keys come with them."""
    return """[general]
; One second between the keys of a code: phones with slow keypads fail with the default of half a second.
featuredigittimeout = 1500
transferdigittimeout = 5

[featuremap]
"""


def ccss() -> str:
    """Completion of calls is offered to nobody.

    Not ``enabled = no``: it saves a lock a channel, but Asterisk then reports an error at each start, and an error in
    the log must mean something.
    """
    return """[general]
cc_max_requests = 0
"""


def acl() -> str:
    """Named address lists; there are none yet, and Asterisk logs an error without the file."""
    return "; no named lists\n"


def udptl() -> str:
    """Fax over UDP; the ports lie below those of audio."""
    return """[general]
udptlstart = 4000
udptlend = 4998
use_even_ports = yes
"""


def indications() -> str:
    """Tones of one country until a site chooses its own."""
    return """[general]
country = us

[us]
description = United States / North America
ringcadence = 2000,4000
dial = 350+440
busy = 480+620/500,0/500
ring = 440+480/2000,0/4000
congestion = 480+620/250,0/250
callwaiting = 440/300,0/10000
dialrecall = !350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,350+440
record = 1400/500,0/15000
info = !950/330,!1400/330,!1800/330,0
stutter = !350+440/100,!0/100,!350+440/100,!0/100,!350+440/100,!0/100,350+440
"""
