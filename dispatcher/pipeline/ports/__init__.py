"""What the stations need from outside, small, a sentence a method. A file for each subject:

    messages   a message's claim, its outcome, what it waits for     ledger
    campaigns  campaigns, and what watches over all of them          ledger
    senders    accounts, senders and their pauses                    ledger
    events     what comes back from providers                        ledger
    clock      the lane clock and what it is told                    coordination
    contacts   the CPC locks, and the book of them                   coordination, ledger
    outside    providers, the breakers of their lines, the task bus  providers, coordination, taskbus

`Stations` holds one of each; `wiring` brings both sides together. What one station alone needs it declares itself
(`change`, `decide`, `steer`, `courier`; `audit` in a file of its own). Times are UTC epoch milliseconds unless a name
says otherwise. Every method may raise `domain.trouble.Unavailable`: the server behind it cannot be reached now.
"""
