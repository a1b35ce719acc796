"""A demonstration: an agent that counts payments with real SQL fails, learns, and in its next run succeeds at once."""
