# src/store: its part of the Makefile.
