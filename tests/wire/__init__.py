"""Tests of the wire: its pure parts byte by byte, its sockets against a server that does as it is told."""
