"""Make-believe districts and the OneRoster servers that serve them, one behaviour per provider.

`district.generate` makes a district, `server.make_server` an ASGI app that answers as a provider does. Nothing here
reads the gateway's adapters: what a server does comes from the providers' own documentation, noted beside each fact.
"""
