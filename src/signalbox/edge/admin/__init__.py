"""The web admin: pages for the people who own projects. Each file is a page or a few that belong together.

browser.py    the cookie, the tokens of forms          page.py       one request, and the ways to answer it
forms.py      what was filled in                       rendering.py  templates, times, numbers
serving.py    from a request to a page function        notices.py    what is said after a form was taken
providers/    who else can say who somebody is         entering.py   from a proved identity to a session
handing_out.py  the card of a new token, shown once
"""

from signalbox.edge.admin.serving import AdminEdge

__all__ = ["AdminEdge"]
