"""The doors: HTTP in the four dialects, the native API, webhooks, the status page.

Read `pipeline/desk` first (all that is behind the doors), then `door` (the steps of every request that
creates something) and `uazapi` as the model of a dialect. A dialect's module says who is asking, what its
answers look like and what its refusals look like; everything else is shared. `serve` runs it all.
"""
