"""Does what the README asks of curl, for machines that have none."""

import argparse
import sys
import urllib.error
import urllib.parse
import urllib.request

parser = argparse.ArgumentParser()
parser.add_argument("url")
parser.add_argument("-s", action="store_true")
parser.add_argument("-G", dest="get", action="store_true")
parser.add_argument("-X", dest="method")
parser.add_argument("-H", dest="headers", action="append", default=[])
parser.add_argument("-d", dest="data", action="append", default=[])
parser.add_argument("--data-urlencode", action="append", default=[])

asked = parser.parse_args()
encoded = [
    urllib.parse.urlencode([tuple(part.split("=", 1))], quote_via=urllib.parse.quote)
    for part in asked.data_urlencode
]
data = "&".join([*asked.data, *encoded])
url = f"{asked.url}?{data}" if asked.get else asked.url
body = data.encode() if data and not asked.get else None
headers = dict(each.split(": ", 1) for each in asked.headers)
request = urllib.request.Request(url, body, headers, method=asked.method)
try:
    with urllib.request.urlopen(request) as answer:
        sys.stdout.buffer.write(answer.read())
except urllib.error.HTTPError as error:
    with error:
        sys.stdout.buffer.write(error.read())
