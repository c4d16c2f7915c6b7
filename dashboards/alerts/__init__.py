"""Alerts as people read them: their evidence, their journal, who was told, and the forms of deeds."""
