# Every target works on a clean clone with nothing but Python 3.11-3.13, pip and make.
# Variables of `make demo`: PORT=8000 MQTT_PORT=1883 DEVICES=24 SEED=1 SCENARIO=clinic VAR=var/demo

RUNTIME := exec sh tools/run runtime
DEV := exec sh tools/run dev

.PHONY: help demo test soak check bench pictures clean

help:
	@sed -n 's/^#: //p' Makefile

#: make demo    everything in one command; prints "ready <url>"; Ctrl-C ends it
demo:
	@$(RUNTIME) -m fleet.embedded demo

#: make test    check, then all tests against real servers and a real browser
test:
	@$(DEV) -m tools.tests all

#: make soak    every bad day at its full length
soak:
	@$(DEV) -m tools.tests soak

#: make check   format, lint, types, import contracts, docs and pure tests
check:
	@$(DEV) -m tools.tests check

#: make bench   measures, and prints a table
bench:
	@$(DEV) -m benchmarks

#: make pictures takes the pictures of docs/pictures anew
pictures:
	@$(DEV) -m tools.pictures

#: make clean   removes what the above made
clean:
	@exec sh tools/run none tools/clean.py
