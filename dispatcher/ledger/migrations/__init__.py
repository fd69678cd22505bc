"""The history of the schema. Make a revision with `dispatcher.ledger.schema.new_revision`, then read it."""
