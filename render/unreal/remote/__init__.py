"""Reaching an Unreal editor from outside: finding it, running Python in it, starting and ending it, asking how it is.

``discovery`` finds editors, ``connection`` runs code in one, ``launch`` starts one, ``health`` asks over HTTP.

What is upyrc's (0.12; an optional extra, imported only at run time) and what is not:

- Used: the protocol's constants, its messages (ping, open and close connection), the names of the execution modes, and its
  Remote Control client with the routes and the meaning of the answers (``health``).
- Replaced: its multicast socket (one interface only, and the wrong one on Linux; the configured time to live is not used), its
  discovery (one ping, the first editor that answers), its opening of a connection (asks the editor to dial before it
  listens, on a port that it has given back), its reading of results (takes an end of file for half a message, decodes every
  piece anew, no limit in time or size), its closing (two descriptors lost per connection), its reading of the
  project's configuration (takes ``bRemoteExecution=False`` for true, fails on UTF-16 and on a missing section with errors
  of its parser), and the HTTP transport under its client (no total deadline, no limit on size).
- Not worth it: with so much replaced, what is left of its remote execution is four constants and three messages, which
  would be 20 lines here. They stay upyrc's so that there is one source for the wire format; nothing else of ours rests on it.
"""
