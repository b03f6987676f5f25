# src/bus: its part of the Makefile.
