"""The `Call` interface, its two worlds (Asterisk and rehearsal), destinations, prompts and the call-script boundary."""
