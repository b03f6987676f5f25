# src/model: its part of the Makefile.
