# src/chat: its part of the Makefile.
