"""Hosts: three worker hosts with their own addresses and clocks on one machine, and what happens when one is cut off.

needs      what the machine must have, and the way into namespaces of the run's own
network    a bridge that leads nowhere, a network and time namespace for each host, and how one is cut off
clock      a worker on a host whose wall clock is wrong, and is set while it runs
plan       who is cut off when, how, and for how long
place      the installation: servers in the middle, a worker on each host
watch      who sends, host by host
verdict    what was promised, and figures, from what the provider, the ledger and Redis say
run        one run, from the plan to the verdict; `make hosts` and the short form in the suite
"""
