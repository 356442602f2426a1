# The prod environment. Replace project, region and who is told; docs/deploy.md says what usually differs.
project_id = "example-maintenance-prod"
region     = "europe-west1"

alert_emails          = ["oncall@example.com"]
deletion_protection   = true
ingress_min_instances = 1
labels                = { environment = "prod" }
operators             = ["group:oncall@example.com"]
