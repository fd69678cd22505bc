"""A model of a send: the real stations on the real scripts and statements, one call of a port at a time.

stepping   actors: threads that stand still before each call of a port, until it is their turn
provider   what answers their calls, and remembers whom it reached
place      the servers, with a time of the model's own, and worlds that are put up and cleared in milliseconds
play       one interleaving: who goes on, who dies, what is lost, what time it is
search     which interleavings are played: all with so many surprises, or drawn ones
rules      what must hold during a play and at its end
"""
