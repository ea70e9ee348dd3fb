"""Asterisk as a component: install, configuration, publish, dialplan, AMI and AGI links, event log, SIP trace."""
