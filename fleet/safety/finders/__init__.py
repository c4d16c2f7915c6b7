"""What each rule looks at: telemetry, statuses, events.  Pure: values in, findings out."""
