# src/net: its part of the Makefile.
