"""What the tools call: train, test, predict, draw; each can be called from Python as well."""
