# By what images are normalised, for model.data_preprocessor; from
#   python tools/analysis_tools/get_mean_std.py data/cells/train
cell_pixels = dict(mean=[188.2, 177.6, 182.6], std=[15.5, 25.9, 19.1])
