# src/ctl: burungctl.
