# src/ws: its part of the Makefile.
