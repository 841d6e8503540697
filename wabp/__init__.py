"""wabp: a self-hosted coordinator for neighbourhood-watch groups in Belgium and the Netherlands."""

__version__ = "0.1.0"
