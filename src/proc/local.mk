# src/proc: its part of the Makefile.
