"""Ships a prompt: one line of `langserve.yaml`, to be reviewed, says which one a chain is served with.

settings    what the settings say of a chain: which prompts it names, which models may serve it
fit         whether it could be served with a prompt
edit        the settings' text with that line changed, and no other byte
"""
