"""Group, version, kinds and plurals of njst's resources in Kubernetes."""

GROUP = "njst.io"


VERSION = "v1alpha1"


KIND = "NjstJob"


PLURAL = "njstjobs"


SCHEDULE_KIND = "NjstSchedule"


SCHEDULE_PLURAL = "njstschedules"


EXPERIMENT_KIND = "NjstExperiment"


EXPERIMENT_PLURAL = "njstexperiments"


API_VERSION = f"{GROUP}/{VERSION}"
