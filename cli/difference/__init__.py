"""What `chx diff` and `chx why` find out, as values, and how it is drawn.

`subject` finds out what a word means, `comparison` and `rebuild` compare, `attribution` builds variants,
`drawing` makes text of it and `data` JSON.
"""
