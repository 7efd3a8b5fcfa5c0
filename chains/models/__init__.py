"""Models: the embedded one, any server that speaks OpenAI's protocol, and a scripted fake, behind one `Model`."""
