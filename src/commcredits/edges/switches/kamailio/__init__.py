"""Kamailio as a switch: it asks us over one TCP link (its module ``evapi``), or over HTTP and we tell it things there.

Knows both ways of linking one. Refuses to know SIP, which is Kamailio's, and money, which is the core's.
"""
