"""MQTT: the server's link, and the packets of a swarm of simulated devices."""
