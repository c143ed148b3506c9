# By what images are normalised, for model.data_preprocessor; from
#   python tools/analysis_tools/get_mean_std.py data/survey/unlabelled
survey_pixels = dict(mean=[125.1, 135.7, 111.0], std=[61.8, 59.6, 46.8])
