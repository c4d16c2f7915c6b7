"""The ways out of the house: e-mail, webhooks, browser push.  None of them touches the database."""
