"""The tables of the two published files.

Every column always holds a value: PJSIP drops an object from its state at start for one empty number. Columns that
nobody needs are not there: reading all endpoints, which a new one causes, costs by the column.
"""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from signalbox.engine.publish.model import SipKind

TABLES: Mapping[SipKind, str] = MappingProxyType({kind: f"ps_{kind}s" for kind in SipKind})

COLUMNS: Mapping[SipKind, Mapping[str, str]] = MappingProxyType(
    {
        SipKind.ENDPOINT: {
            "aors": "",
            "auth": "",
            "context": "nowhere",
            "subscribe_context": "nowhere",
            "tenantid": "1",
            "accountcode": "t1",
            "callerid": "<unknown>",
            # The order matters: a later rule wins. Who is refused by them sees a challenge that no answer meets.
            "deny": "255.255.255.255/32",
            "permit": "0.0.0.0/0",
            "disallow": "all",
            "allow": "alaw,ulaw",
            "dtmf_mode": "rfc4733",
            # Media stays with us: recording, monitoring and in-call keys must be possible at any time.
            "direct_media": "no",
            "force_rport": "yes",
            "rewrite_contact": "yes",
            "rtp_symmetric": "yes",
            "rtp_timeout": "60",
            "rtp_timeout_hold": "3600",
            # A packet now and then keeps a router's way back open while a party is muted or on hold.
            "rtp_keepalive": "20",
            "ice_support": "no",
            "webrtc": "no",
            "media_encryption": "no",
            "media_encryption_optimistic": "no",
            "moh_suggest": "default",
            "named_call_group": "t1",
            "named_pickup_group": "t1",
            # Names and numbers are ours to give, not the phone's; those of the far end are shown to it.
            "trust_id_inbound": "no",
            "trust_id_outbound": "yes",
            "send_pai": "yes",
            "device_state_busy_at": "0",
            # A second call to a phone in use shows on others' lamps.
            "notify_early_inuse_ringing": "yes",
            "allow_transfer": "yes",
            "allow_subscribe": "yes",
            "language": "en",
        },
        SipKind.AUTH: {
            "auth_type": "digest",
            "username": "nobody",
            "realm": "signalbox",
            "password_digest": "MD5:00000000000000000000000000000000",
            # Both lists: with either left empty a SHA-256 secret is answered with 500.
            "supported_algorithms_uas": "MD5",
            "supported_algorithms_uac": "MD5",
        },
        SipKind.AOR: {
            "max_contacts": "2",
            # A phone beyond the limit is refused (403), not let in at another's cost ...
            "remove_existing": "no",
            # ... unless that other does not answer any more: a phone that moved is not locked out by its own past.
            "remove_unavailable": "yes",
            "minimum_expiration": "60",
            "default_expiration": "1800",
            "maximum_expiration": "1800",
            "qualify_frequency": "60",
            "qualify_timeout": "3.0",
            "mailboxes": "none",
        },
    }
)

_OWN = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE owners (id TEXT PRIMARY KEY, unit TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX owners_unit ON owners (unit);
CREATE TABLE pending (id TEXT, what TEXT, PRIMARY KEY (id, what)) WITHOUT ROWID;
"""

ROUTING = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE numbers (tenant INTEGER, number TEXT, kind TEXT NOT NULL, value BLOB NOT NULL,
                      PRIMARY KEY (tenant, number)) WITHOUT ROWID;
CREATE TABLE owners (tenant INTEGER, number TEXT, unit TEXT NOT NULL, PRIMARY KEY (tenant, number)) WITHOUT ROWID;
CREATE INDEX owners_unit ON owners (unit);
"""


def _engine() -> str:
    tables = (
        f"CREATE TABLE {TABLES[kind]} (id TEXT PRIMARY KEY, "
        + ", ".join(f'"{column}" TEXT NOT NULL' for column in columns)
        + ");\n"
        for kind, columns in COLUMNS.items()
    )
    return _OWN + "".join(tables)


ENGINE = _engine()

SHAPE = hashlib.sha256((ENGINE + ROUTING).encode()).hexdigest()[:16]
"""Another shape means other tables: the files are made anew."""
