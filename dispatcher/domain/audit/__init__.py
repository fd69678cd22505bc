"""What must add up, decided from what was read: suspects of one look, findings of two.

    checks      every check by name, what it means and what to do; how suspects become findings
    campaigns   accepted = counted = stored; the clock's cursor and the ledger; who is known to whom
    flights     every flight has a lease, everything that is being sent a flight, a lane one at a time
    locks       every CPC lock has an owner, in Redis as in the ledger, and an end
    standstill  what should have been taken up minutes ago

Two stores are never read at one moment. What one look cannot tell from a step that is just being taken is a suspect;
what a second look some time later sees again, to the letter, is a finding.
"""
