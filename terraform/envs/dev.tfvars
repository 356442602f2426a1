# The dev environment. Replace project, region and who is told; docs/deploy.md says what usually differs.
project_id = "example-maintenance-dev"
region     = "europe-west1"

alert_emails          = ["oncall@example.com"]
deletion_protection   = false
ingress_min_instances = 0
labels                = { environment = "dev" }
operators             = ["group:oncall@example.com"]
