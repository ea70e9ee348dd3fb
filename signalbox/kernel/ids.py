"""Identifiers that look alike and must not be mixed up. Nothing here makes or parses them."""

from typing import NewType

CallId = NewType("CallId", str)
"""One conversation as a person would name it: ``<node>-<uniqueid of the first channel>``."""

ChannelId = NewType("ChannelId", str)
"""Asterisk's ``Uniqueid`` of a channel."""

ChannelName = NewType("ChannelName", str)
"""Asterisk's channel name, such as ``PJSIP/100-00000001``; not stable across masquerades."""

EndpointId = NewType("EndpointId", str)
"""A PJSIP endpoint id, opaque and unique on the node, such as ``100`` or ``t7-100``."""

TenantId = NewType("TenantId", int)
"""A node of the tenant tree; the first tenant, present from the start, is 1."""

Number = NewType("Number", str)
"""A number as dialled inside: digits, ``*`` and ``#`` only."""

FIRST_TENANT = TenantId(1)
