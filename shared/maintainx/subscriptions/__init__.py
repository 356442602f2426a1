"""Webhook subscriptions as code: what sites.yaml wants, what we remember having made, and the steps in between.

MaintainX lists no subscriptions, and makes the signing secret itself at the moment of creation. Hence two ideas. What
was made is remembered (`ledger`) before anything else is done with it. And a new subscription first points to a parked
address, moves to the real one only after its secret is stored and the receiver was seen to accept it, and its
predecessor goes only some time after that: no delivery meets a receiver that does not know its secret.

`model`: values. `plan`: decides, pure. `work`: carries out. `check`: verifies. `receiver`: asks webhook_ingress.
`keeper`: all of this for one site.
"""
