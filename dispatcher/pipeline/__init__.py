"""The stations of a message, in the order of its way:

    accept    a draft is stored whole or not at all
    plan      the campaign is put on the lane clock
    pace      what is due is released and published            (pacers)
    begin     the tickets of a job are taken up, and claimed   (workers, from here on)
    send      guard, call
    settle    the outcome is written, the lane freed
    complete  the campaign is closed
    wait      what is due later is kept in the ledger, and filed with the clock shortly before

    doubt     what may have reached its recipient is looked up; `decide`: an operator's word on it
    reply     replies, receipts and connection changes
    steer     pause, resume, cancel, send again; `change`: another pace or start; `senders`: pause, resume
    watch     a campaign of which too much fails pauses itself
    pulse     somebody can release; starts that nobody saw pass
    sweep     what fell between two steps
    rebuild   Redis from the ledger
    audit     whether the ledger and the clock tell the same story

What leads from `pace` to `complete` is handed on by workers/tasks.py and workers/pacer.py; no station of that
way calls the next. The others tell the clock by `plan` and `wait` and end campaigns by `complete`. Read `ports` for
what all of them stand on, and `desk` for what people see.
"""
