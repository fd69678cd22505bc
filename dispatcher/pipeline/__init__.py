"""The stations of a message, in the order of its way:

    accept    a draft is stored whole or not at all
    plan      the campaign is put on the lane clock
    pace      what is due is released and published            (pacers)
    send      begin, claim, guard, call                        (workers, from here on)
    settle    the outcome is written, the lane freed
    complete  the campaign is closed

    doubt     what may have reached its recipient is looked up
    reply     replies, receipts and connection changes
    sweep     what fell between two steps
    rebuild   Redis from the ledger

No station calls the next one: workers/tasks.py hands on what they return. Read `ports` for what they stand on.
"""
