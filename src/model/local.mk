# src/model: its part of the Makefile.
noinst_LIBRARIES += src/model/libmodel.a
src_model_libmodel_a_SOURCES = \
	src/model/event.c src/model/event.h \
	src/model/rights.c \
	src/model/role.c src/model/role.h \
	src/model/room.c src/model/room.h \
	src/model/subject.c \
	src/model/text.c src/model/text.h \
	src/model/user.c src/model/user.h
