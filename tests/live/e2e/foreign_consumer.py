#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A consumer without Holdfast: foreign_consumer.py HOST PORT FILTER COUNT.

Prints "ready" when it has subscribed, then COUNT events as JSON lines: the CloudEvents attributes, and the SenML
records of an application/senml+cbor payload.
"""
import json
import sys

import cbor2
import paho.mqtt.client as mqtt

SENML_LABELS = {-2: "bn", 0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb"}


def on_connect(client, count, flags, reason, properties):
    client.subscribe(sys.argv[3], qos=1)


def on_subscribe(client, count, mid, reasons, properties):
    print("ready", flush=True)


def on_message(client, count, message):
    event = dict(getattr(message.properties, "UserProperty", []))
    if event["type"].startswith("dev.holdfast."):
        return
    event["datacontenttype"] = message.properties.ContentType
    if event["datacontenttype"] == "application/senml+cbor":
        event["senml"] = [
            {SENML_LABELS[label]: value for label, value in record.items()} for record in cbor2.loads(message.payload)
        ]
    print(json.dumps(event, sort_keys=True), flush=True)
    count[0] -= 1
    if count[0] == 0:
        client.disconnect()


client = mqtt.Client("foreign", userdata=[int(sys.argv[4])], protocol=mqtt.MQTTv5)
client.on_connect = on_connect
client.on_subscribe = on_subscribe
client.on_message = on_message
client.connect(sys.argv[1], int(sys.argv[2]))
client.loop_forever()
