"""The stations of a message. Read `ports` for what they stand on."""
