"""Telling people: what a notification says, and sending it to a site's addresses through Apprise."""
