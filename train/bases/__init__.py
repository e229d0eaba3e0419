"""The base models behind one interface: ``nano``, ``kontext``, ``klein``."""
