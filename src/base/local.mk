# src/base: its part of the Makefile.
