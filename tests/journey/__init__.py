"""Journeys: real servers, real worker processes, the provider simulator on real sockets."""
