"""Bytes → what they are, and the other way: probing, embedded metadata, renditions, encoders.

`probe` and `rendition` are what others call; they hand files to `decode` and `darkroom` in a child process. Nothing is
imported here: such a child starts in a fraction of a second because it loads only what it decodes with.
"""
