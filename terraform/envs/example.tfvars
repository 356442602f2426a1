# A throw-away environment with the two sites of config/sites.yaml:
#   terraform plan -var-file=envs/example.tfvars
project_id = "example-maintenance"
region     = "europe-west1"

alert_emails            = ["oncall@example.com"]
deletion_protection     = false
labels                  = { environment = "example" }
message_storage_regions = ["europe-west1"]
operators               = ["group:oncall@example.com"]
