# src/http: its part of the Makefile.
