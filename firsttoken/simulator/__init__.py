"""Model servers whose truth is known: they answer as OpenAI does, at a set pace, and log when they wrote what."""
