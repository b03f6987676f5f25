# src/gate: its part of the Makefile.
